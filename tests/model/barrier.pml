/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Operations of the program that take blocks away, and ordinary leases, which are
 * blind to them, as in lease_barrier.c, lease.c and own_operation.c: while such an
 * operation is under way there is no such lease on its file, and in the end nothing
 * is left of it.
 *
 * Each read and each write of an atomic is a step, in one order for all: seq_cst.
 *
 * Each MUTANT is a mistake that has to be found; model.sh counts them.
 */
#ifndef MUTANT
#define MUTANT 0
#endif
#define LOOKS_BEFORE_IT_ENTERS (MUTANT == 1)
#define COUNTS_AFTER_THE_LOOK (MUTANT == 2)
#define LOOKS_ONLY_BEFORE_ANY (MUTANT == 3)
#define NO_ROOM_NO_BARRIER (MUTANT == 4)
#define UNCOUNTS_BEFORE_IT_IS_GONE (MUTANT == 5)
#define LEAVES_ANY_ENTERED (MUTANT == 6)
#define ANY_BARS_NOBODY (MUTANT == 7)
#define LOOKS_WITHOUT_LOCK (MUTANT == 8)

#define N_FILES 2
#define N_OPERATIONS 2
#define N_ATTEMPTS 2

/* lease_barrier.c: one entry, one counter for all files */
bool was_ever_blind, is_taken, is_entered;
byte entry_file, n_of_any_file, counter;

/* In the table: lease.c */
bool table_lock;
bool is_leased[N_FILES];
byte n_under_way[N_FILES];

/* The first process is the last to end. */
active proctype in_the_end()
{
	_nr_pr == 1 -> assert(!is_taken && !is_entered && !n_of_any_file &&
			      !counter && !is_leased[0] && !is_leased[1])
}

inline leave()
{
	if
	:: is_any -> n_of_any_file--
	:: else ->
		is_entered = false;
		is_taken = false
	fi
}

/* lease_barrier_enter() */
inline enter(f)
{
	atomic {
		is_any = is_taken;
		is_taken = true
	}
	if
	:: !is_any ->
		entry_file = f;
		is_entered = true
	:: is_any && !NO_ROOM_NO_BARRIER -> n_of_any_file++
	:: else
	fi
}

/* By the keeper, which has revoked what is over it */
inline release(f)
{
	atomic {
		!table_lock;
		was_there = is_leased[f];
		is_leased[f] = is_leased[f] && UNCOUNTS_BEFORE_IT_IS_GONE
	}
	if
	:: was_there ->
		counter--;
		is_leased[f] = false
	:: else
	fi
}

active [N_OPERATIONS] proctype operation()
{
	byte f;
	bool is_any, was_there, has_begun, saw_none;

	select(f : 0 .. N_FILES - 1);
	/* lease_barrier_enter_any() */
	if
	:: was_ever_blind
	:: !was_ever_blind ->
		n_of_any_file++;
		is_any = true;
		if
		:: was_ever_blind && !LOOKS_ONLY_BEFORE_ANY ->
			if
			:: !LEAVES_ANY_ENTERED -> n_of_any_file--
			:: else
			fi;
			is_any = false
		:: else -> has_begun = true
		fi
	fi;
	if
	:: !has_begun ->
		saw_none = LOOKS_BEFORE_IT_ENTERS && !counter;
		enter(f);
		if
		:: saw_none
		:: !saw_none && !counter
		:: else -> release(f)
		fi
	:: else
	fi;
	n_under_way[f]++;
	assert(!is_leased[f]);
	n_under_way[f]--;
	if
	:: is_any && NO_ROOM_NO_BARRIER && !has_begun
	:: else -> leave()
	fi
}

inline look(f)
{
	is_barred = n_of_any_file && !ANY_BARS_NOBODY;
	if
	:: is_entered && entry_file == f -> is_barred = true
	:: else
	fi
}

/* Who takes a lease, again and again, and gives it back or is broken */
active proctype taker()
{
	byte f, i;
	bool is_barred, was_there;

	for (i : 1 .. N_ATTEMPTS) {
		select(f : 0 .. N_FILES - 1);
		if
		:: COUNTS_AFTER_THE_LOOK -> look(f)
		:: else
		fi;
		was_ever_blind = true;
		counter++;
		atomic {
			!table_lock;
			table_lock = !LOOKS_WITHOUT_LOCK
		}
		if
		:: !COUNTS_AFTER_THE_LOOK -> look(f)
		:: else
		fi;
		is_leased[f] = !is_barred;
		table_lock = false;
		assert(!is_leased[f] || !n_under_way[f]);
		if
		:: is_barred -> counter--
		:: else -> release(f)
		fi
	}
}
