/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Who may hold a lease, and who may destroy a memory region, as in lease.c,
 * track.c, guard_register.c, guard_recall.c, guard_rereg_move.c, guard_dereg.c and
 * revoke.c.
 * Whatever is interleaved and whatever fails: when blocks of a file are given away
 * no memory region is over it, what is registered has blocks, nobody waits for ever,
 * and in the end nothing is left.
 *
 * The kernel is one that pins whatever it is asked to, so that only the order of
 * pinsafe's own steps stands between a device and the blocks of others.  What is
 * mapped is of another file at any time.  Left out: grace, leases that are held
 * again after a break, events, keys, on-demand paging, operations of the program
 * itself, fork.
 *
 * Each MUTANT is a mistake that has to be found; model.sh counts them.
 */
#ifndef MUTANT
#define MUTANT 0
#endif
#define RELEASES_BEFORE_REVOKE (MUTANT == 1)
#define IN_FLIGHT_IS_NO_HOLDER (MUTANT == 2)
#define PUTS_BEFORE_DEREG (MUTANT == 3)
#define PUTS_OLD_BEFORE_MOVE (MUTANT == 4)
#define DROPS_OLD_AFTER_FAILURE (MUTANT == 5)
#define DROPS_NEW_AFTER_FAILURE (MUTANT == 6)
#define REVOKES_WHILE_MOVED (MUTANT == 7)
#define KEEPS_SHARED_LEASE_TWICE (MUTANT == 8)
#define FORGETS_FAILED_REVOKE (MUTANT == 9)
#define STOPS_AT_FAILED_REVOKE (MUTANT == 10)
#define REMEMBERS_BLOCKS_OF_LAST_LEASE (MUTANT == 11)
#define PINS_WHAT_IS_REMEMBERED_UNSEEN (MUTANT == 12)

#define N_FILES 2
#define N_MRS 2
#ifndef N_MOVES
#define N_MOVES 1	/* of the first memory region */
#endif

/* The kernel */
mtype = { NO_LEASE, HELD, BROKEN };
mtype kernel_lease[N_FILES] = NO_LEASE;
bool is_removing[N_FILES];	/* somebody takes blocks away: no new lease */
bool has_blocks[N_FILES];

/* pinsafe: lease.c */
mtype = { NOT_THERE, LEASE_HELD, LEASE_BREAKING };
mtype lease[N_FILES] = NOT_THERE;
byte holders[N_FILES];
bool knows_blocks[N_FILES];	/* lease_blocks.c */

/* pinsafe: track.c.  What it is over is known to the kernel only. */
mtype = { NOT_TRACKED, ALIVE, REVOKING, ZOMBIE, DEREGISTERING, REREGISTERING };
typedef memory_region {
	mtype state = NOT_TRACKED;
	bool holds[N_FILES];
	bool is_over[N_FILES];
};
memory_region mrs[N_MRS];

/* keeper_call(): who asks waits for the answer */
mtype = { TAKE, REAP };
chan request = [0] of { mtype, byte, byte };	/* what, file, by whom */
chan answer[N_MRS] = [0] of { bool };

byte n_failures = 1;	/* revokes that may still fail */
byte n_breaks_over;

/* Threads of the program, each with one memory region */

#define mr mrs[me]

inline take_lease(f)
{
	atomic {
		must_ask = (lease[f] == NOT_THERE);
		is_taken = (lease[f] == LEASE_HELD);
		holders[f] = holders[f] + is_taken;
	};
	if
	:: must_ask -> request!TAKE(f, me); answer[me]?is_taken
	:: else
	fi
}

inline put_lease(f)
{
	atomic {
		assert(holders[f] > 0);
		holders[f]--;
		must_ask = (holders[f] == 0);
	};
	if
	:: must_ask -> request!REAP(f, me); answer[me]?_
	:: else
	fi
}

/* Of the leases that it had when its entry went */
inline put_old()
{
	if
	:: old[0] -> put_lease(0)
	:: else
	fi;
	if
	:: old[1] -> put_lease(1)
	:: else
	fi
}

inline dereg_kernel_mr()
{
	d_step { mr.is_over[0] = false; mr.is_over[1] = false }
}

/* guard_prefault.c, and lease_note_blocks() */
inline prefault(f)
{
	if
	:: lease[f] == LEASE_HELD && knows_blocks[f]
	:: else ->
		has_blocks[f] = true;
		knows_blocks[f] = (lease[f] == LEASE_HELD)
	fi
}

/* guard_alias.c: what is of another file is let go before anybody could use it. */
inline pin(f)
{
	if
	:: mr.is_over[f] = true; is_taken = true
	:: mr.is_over[1 - f] = PINS_WHAT_IS_REMEMBERED_UNSEEN;
	   is_taken = PINS_WHAT_IS_REMEMBERED_UNSEEN
	fi
}

/* guard_register.c */
inline reg_mr(f)
{
	take_lease(f);
	if
	:: !is_taken
	:: else ->
		holders[f] = holders[f] - IN_FLIGHT_IS_NO_HOLDER;
		atomic { prefault(f); pin(f) };
		/* track_add() */
		atomic {
			if
			:: is_taken && lease[f] == LEASE_HELD ->
				assert(has_blocks[f]);
				holders[f] = holders[f] + IN_FLIGHT_IS_NO_HOLDER;
				mr.holds[f] = true;
				mr.state = ALIVE
			:: else
			fi
		};
		if
		:: mr.state == NOT_TRACKED ->
			dereg_kernel_mr();
			if
			:: !IN_FLIGHT_IS_NO_HOLDER -> put_lease(f)
			:: else
			fi
		:: else
		fi
	fi
}

/* find_idle(): nobody else is at it */
#define IS_IDLE (mr.state == ALIVE || mr.state == ZOMBIE)

inline forget_mr()
{
	d_step {
		old[0] = mr.holds[0];
		old[1] = mr.holds[1];
		mr.holds[0] = false;
		mr.holds[1] = false;
		mr.state = NOT_TRACKED
	}
}

/* guard_dereg.c */
inline dereg_mr()
{
	atomic {
		IS_IDLE ->
		is_zombie = (mr.state == ZOMBIE);
		mr.state = DEREGISTERING
	};
	if
	:: is_zombie -> forget_mr()
	:: !is_zombie && PUTS_BEFORE_DEREG ->
		forget_mr(); put_old(); dereg_kernel_mr()
	:: else ->
		dereg_kernel_mr(); forget_mr(); put_old()
	fi
}

/* guard_rereg_move.c: moved, failed, moved and yet failed, or over both */
inline ask_provider(f)
{
	if
	:: dereg_kernel_mr(); mr.is_over[f] = true; has_failed = false
	:: has_failed = true
	:: dereg_kernel_mr(); mr.is_over[f] = true; has_failed = true
	:: mr.is_over[f] = true; has_failed = true
	fi
}

/* track_begin_move(), with the new one or with what track_join() makes of both */
inline enter_both(f)
{
	d_step {
		old[0] = mr.holds[0];
		old[1] = mr.holds[1];
		shares = old[f];
		mr.holds[f] = true
	}
}

/* track_replace() by the new one, or track_end_move() */
inline settle(f)
{
	d_step {
		if
		:: !has_failed || DROPS_OLD_AFTER_FAILURE ->
			mr.holds[1 - f] = false
		:: has_failed && DROPS_NEW_AFTER_FAILURE ->
			mr.holds[f] = shares
		:: else
		fi;
		mr.state = ALIVE
	};
	if
	:: !has_failed && !PUTS_OLD_BEFORE_MOVE -> put_old()
	:: has_failed && !DROPS_OLD_AFTER_FAILURE &&
	   (shares && !KEEPS_SHARED_LEASE_TWICE || DROPS_NEW_AFTER_FAILURE) ->
		put_lease(f)
	:: has_failed && DROPS_OLD_AFTER_FAILURE -> put_old()
	:: else
	fi
}

inline rereg_mr(f)
{
	take_lease(f);
	if
	:: !is_taken
	:: else ->
		/* track_begin_rereg() */
		atomic {
			IS_IDLE ->
			is_zombie = (mr.state == ZOMBIE);
			if
			:: !is_zombie -> mr.state = REREGISTERING
			:: else
			fi
		};
		if
		:: is_zombie -> put_lease(f)
		:: else ->
			if
			:: PUTS_OLD_BEFORE_MOVE ->
				old[0] = mr.holds[0];
				old[1] = mr.holds[1];
				put_old()
			:: else
			fi;
			enter_both(f);
			ask_provider(f);
			settle(f)
		fi
	fi
}

proctype program(byte me; byte n_moves)
{
	bool is_taken, must_ask, is_zombie, has_failed, shares;
	bool old[N_FILES];

	if
	:: reg_mr(0)
	:: reg_mr(1)
	fi;
	do
	:: mr.state != NOT_TRACKED && n_moves > 0 ->
		n_moves--;
		if
		:: rereg_mr(0)
		:: rereg_mr(1)
		fi;
		/* What is not remembered makes no more states. */
		d_step {
			is_taken = false; must_ask = false; is_zombie = false;
			has_failed = false; shares = false;
			old[0] = false; old[1] = false
		}
	:: mr.state != NOT_TRACKED -> dereg_mr(); break
	:: mr.state == NOT_TRACKED -> break
	od;
	assert(!mr.is_over[0] && !mr.is_over[1])
}

/* The keeper */

/* lease_reap(): out of the table, then given back */
inline reap(f)
{
	if
	:: atomic {
		lease[f] != NOT_THERE && holders[f] == 0 ->
		lease[f] = NOT_THERE;
		knows_blocks[f] = knows_blocks[f] && REMEMBERS_BLOCKS_OF_LAST_LEASE
	   };
	   kernel_lease[f] = NO_LEASE
	:: else
	fi
}

/* take_on_keeper(): another thread's request may have come first */
inline serve_take(f, by)
{
	atomic {
		is_taken = (lease[f] == LEASE_HELD);
		holders[f] = holders[f] + is_taken
	};
	if
	:: lease[f] == NOT_THERE ->
		atomic {
			is_taken = !is_removing[f];
			if
			:: is_taken -> kernel_lease[f] = HELD
			:: else
			fi
		};
		if
		:: is_taken -> d_step { lease[f] = LEASE_HELD; holders[f] = 1 }
		:: else
		fi
	:: else
	fi;
	answer[by]!is_taken
}

#define IS_CLAIMABLE(m, f)                      \
	(mrs[m].holds[f] &&                     \
	 (mrs[m].state == ALIVE ||              \
	  (REVOKES_WHILE_MOVED && mrs[m].state == REREGISTERING)))

inline drop_holders(m)
{
	d_step {
		holders[0] = holders[0] - mrs[m].holds[0];
		holders[1] = holders[1] - mrs[m].holds[1]
	}
}

/* revoke_one() */
inline revoke(m)
{
	if
	:: n_failures > 0 ->
		n_failures--;
		if
		:: FORGETS_FAILED_REVOKE ->
			drop_holders(m);
			mrs[m].state = ZOMBIE
		:: else -> mrs[m].state = ALIVE
		fi
	:: d_step { mrs[m].is_over[0] = false; mrs[m].is_over[1] = false };
	   drop_holders(m);
	   mrs[m].state = ZOMBIE
	fi
}

/* track_claim(): all at once, and then one after the other is revoked */
inline claim(m, f)
{
	claimed[m] = IS_CLAIMABLE(m, f);
	if
	:: claimed[m] -> mrs[m].state = REVOKING
	:: else
	fi
}

inline revoke_if_claimed(m)
{
	if
	:: claimed[m] -> claimed[m] = false; revoke(m)
	:: else
	fi
}

#define IS_NEWS(f)                                                  \
	((lease[f] == LEASE_HELD && kernel_lease[f] == BROKEN) ||   \
	 (lease[f] == LEASE_BREAKING &&                             \
	  (holders[f] == 0 || IS_CLAIMABLE(0, f) || IS_CLAIMABLE(1, f))))

/* revoke_broken() */
inline run_breaker(f)
{
	if
	:: lease[f] == LEASE_HELD ->
		d_step {
			lease[f] = LEASE_BREAKING;
			knows_blocks[f] = knows_blocks[f] &&
					  REMEMBERS_BLOCKS_OF_LAST_LEASE
		}
	:: else
	fi;
	if
	:: RELEASES_BEFORE_REVOKE -> kernel_lease[f] = NO_LEASE
	:: else
	fi;
	d_step { claim(0, f); claim(1, f) };
	revoke_if_claimed(0);
	if
	:: STOPS_AT_FAILED_REVOKE && mrs[0].state == ALIVE -> claimed[1] = false
	:: else
	fi;
	revoke_if_claimed(1);
	reap(0);
	reap(1)
}

active proctype keeper()
{
	bool is_taken, claimed[N_MRS];
	byte f, by;

end:	do
	:: request?TAKE(f, by) -> serve_take(f, by)
	:: request?REAP(f, by) -> reap(f); answer[by]!true
	:: IS_NEWS(0) -> run_breaker(0)
	:: IS_NEWS(1) -> run_breaker(1)
	od
}

/* Somebody else truncates the file. */
proctype breaker(byte f)
{
	atomic {
		is_removing[f] = true;
		if
		:: kernel_lease[f] == HELD -> kernel_lease[f] = BROKEN
		:: else
		fi
	};
	atomic {
		kernel_lease[f] == NO_LEASE ->
		assert(!mrs[0].is_over[f] && !mrs[1].is_over[f]);
		has_blocks[f] = false
	};
	is_removing[f] = false;
	n_breaks_over++
}

init {
	atomic {
		run program(0, N_MOVES);
		run program(1, 0);
		run breaker(0);
		run breaker(1)
	};
	/* Nobody can go on: all have ended but the keeper, and this. */
	timeout ->
	assert(_nr_pr == 2 && n_breaks_over == 2);
	assert(lease[0] == NOT_THERE && lease[1] == NOT_THERE);
	assert(kernel_lease[0] == NO_LEASE && kernel_lease[1] == NO_LEASE);
	assert(holders[0] == 0 && holders[1] == 0)
}
