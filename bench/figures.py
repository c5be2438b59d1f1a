# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""The questions.  Each adds rows to the table, and series for plots."""
import math
import os
import sys

import report
from worker import MEDIAN, Pair, Worker, in_turns

NO_PROCMAP = {'FAKE_NO_PROCMAP': '1', 'FAKE_RELEASE': '6.1.0'}
NO_COUNT = {'FAKE_NO_COUNT': '1'}
GUARD_MEMORY = {'PINSAFE_SHMEM': 'guard'}
KIB, MIB = 1024, 1024 * 1024


def exponent(points):
    """Of the power that fits best; 0 is flat, 1 linear, 2 quadratic."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x = sum(x for x, _ in logs) / len(logs)
    mean_y = sum(y for _, y in logs) / len(logs)
    return (sum((x - mean_x) * (y - mean_y) for x, y in logs) /
            sum((x - mean_x) ** 2 for x, _ in logs))


def leased(n, counts):
    """Who holds leases, and whether the module tells of pins"""
    return (f'{"leases held" if n else "nothing leased"}'
            f'{"" if counts else ", nobody counts pins"}')


def size_name(size):
    return f'{size // MIB} MiB' if size >= MIB else f'{size // KIB} KiB'


class Figures:
    def __init__(self, setting, quick, add, series):
        self.setting = setting
        self.quick = quick
        self.add = add          # (name, value, unit, goal, note='')
        self.series = series

    def rounds(self, n):
        return max(3, n // 4) if self.quick else n

    def alone(self, name, **extra):
        return Worker(self.setting.build, name,
                      self.setting.with_pinsafe(**extra))

    # Anonymous memory

    def anonymous(self):
        for counts, extra in (True, {}), (False, NO_COUNT):
            with Pair(self.setting, 'anonymous', **extra) as pair:
                for n, goal in (0, 700), (1, 1500):
                    if n:
                        pair.tell('leases', n)
                    elif not counts:
                        continue
                    m = pair.measure('reg', 2000, self.rounds(21))
                    self.add(f'anonymous 4 KiB, {leased(n, counts)}: added',
                             m['added'], 'ns', goal)

        # Of which the kernel does not say that it needs none
        with Pair(self.setting, 'anonymous', **GUARD_MEMORY) as pair:
            m = pair.measure('reg', 2000, self.rounds(21))
            self.add('anonymous 4 KiB, nothing leased, shmem=guard: added',
                     m['added'], 'ns', None)

    def mappings(self):
        """As on a kernel without PROCMAP_QUERY."""
        sizes = (10, 1000, 30000)
        for n_leases, counts in (0, True), (0, False), (1, True), (1, False):
            extra = {} if counts else NO_COUNT
            points = []
            with Pair(self.setting, 'anonymous', **NO_PROCMAP,
                      **extra) as pair:
                if n_leases:
                    pair.tell('leases', n_leases)
                there = 0
                for n in sizes[:2] if self.quick else sizes:
                    pair.tell('mappings', n - there)
                    there = n
                    m = pair.measure('reg', 50, self.rounds(9))
                    points.append((n, m['added']))
            what = leased(n_leases, counts)
            for n, added in points:
                self.add(f'anonymous, Linux 6.1, {n} mappings, {what}: added',
                         added, 'ns', 2000 if n == 10 else 5000)
            self.series[f'mappings, {what}'] = points

    def threads(self):
        for n in 1, 4, 16:
            with Pair(self.setting, 'anonymous') as pair:
                pair.tell('threads', n)
                m = pair.measure('reg', 500, self.rounds(11))
                self.add(f'anonymous, {n} threads: added', m['added'] / n,
                         'ns', 700)

    # Guarded memory

    def again(self):
        for size in 4 * KIB, MIB, 256 * MIB:
            if self.quick and size > MIB:
                continue
            n = 1 if size > MIB else 50
            with Pair(self.setting, 'guarded') as pair:
                pair.tell('size', size)
                m = pair.measure('reg', n, self.rounds(9))
            self.add(f'guarded again, {size_name(size)}: added', m['added'],
                     'ns', 4000)

    def first(self):
        for size in (MIB,) if self.quick else (MIB, 64 * MIB):
            with self.alone('guarded') as worker:
                worker.ask('first', size)
                pairs = [(worker.ask('populate', size, each=False)[0],
                          worker.ask('first', size, each=False)[0])
                         for _ in range(self.rounds(9))]
            self.add(f'first registration, {size_name(size)}: '
                     'speed of MADV_POPULATE_WRITE',
                     MEDIAN(a / b for a, b in pairs), 'x', ('>=', 0.95))

    def size_of_region(self):
        n = 20000 if self.quick else 100000
        with Pair(self.setting, 'guarded') as pair:
            bare = pair.bare.ask('bytes', n)[0]
            added = pair.other.ask('bytes', n)[0] - bare
        self.add('heap for a guarded region with one range', added, 'bytes',
                 200)

    def lookup(self):
        n = 100000 if self.quick else 1000000
        with Worker(self.setting.build, 'lookup',
                    self.setting.bare()) as worker:
            worker.ask('regions', n)
            for op, what, goal in (('hit', 'found', 200),
                                   ('miss', 'not there', 50)):
                cpu = MEDIAN(worker.ask(op, 100000)[1] for _ in range(9))
                self.add(f'lookup among {n} regions: {what}', cpu, 'ns', goal)

    # Breaks

    def broken(self):
        sizes = (100, 500, 2500) if self.quick else (1000, 10000, 100000)
        points = []
        with self.alone('breaks') as worker:
            for n in sizes:
                rounds = self.rounds(7) if n < 100000 else 1
                points.append((n, MEDIAN(
                    worker.ask('break', n, each=False)[1]
                    for _ in range(rounds))))
        self.series['break of one file, by its regions'] = points
        self.add('break, by the regions of the file: growth',
                 exponent(points), 'exponent', 1.2)
        self.add(f'break of {sizes[1]} regions: each',
                 points[1][1] / sizes[1], 'ns', None)

    def broken_files(self):
        sizes = (20, 60, 180) if self.quick else (100, 300, 1000)
        points = []
        with self.alone('breaks') as worker:
            for n in sizes:
                points.append((10 * n, MEDIAN(
                    worker.ask('all', n, each=False)[1] for _ in range(3))))
        self.series['break of all of many files, by all regions'] = points
        self.add('break of many files with 10 regions each at once: growth',
                 exponent(points), 'exponent', 1.2)

    def latency(self):
        """One file with 10 regions, alone and among others."""
        n = 20 if self.quick else 300
        others = 500 if self.quick else 10000
        medians = []
        with self.alone('breaks') as worker:
            for there in 0, others:
                if there:
                    worker.ask('others', there)
                asked = [worker.ask('break', 10, each=False)
                         for _ in range(n)]
                wall = sorted(w for w, _ in asked)
                medians.append(MEDIAN(c for _, c in asked))
                self.series[f'latency of a break, {there} other files leased'] = [
                    (w, (i + 1) / n) for i, w in enumerate(wall)]
                for what, value in (('p50', wall[n // 2]),
                                    ('p99', wall[n * 99 // 100]),
                                    ('max', wall[-1])):
                    self.add(f'break of 10 regions, {there} other files: {what}',
                             value, 'ns', None)
        self.add(f'break of one file of {others}, against one alone',
                 medians[1] / medians[0], 'x', 1.2)

    # Leases

    def leases(self):
        points = []
        there = 0
        seconds = 1 if self.quick else 5
        with self.alone('leases') as worker:
            # What the program itself takes to sleep: there is no keeper yet
            own = worker.ask('idle', 1000 * seconds, each=False)[1]
            for n in (0, 100, 1000) if self.quick else (0, 1000, 10000):
                worker.ask('others', n - there)
                there = n
                points.append((n, MEDIAN(worker.ask('take', 20)[1]
                                         for _ in range(self.rounds(15)))))
            idle = worker.ask('idle', 1000 * seconds, each=False)[1] - own
        self.series['take and release a lease'] = points
        self.add(f'take and release a lease, {there} others against none',
                 points[-1][1] / points[0][1], 'x', 1.2)
        self.add(f'idle keeper with {there} leases, CPU for each second',
                 idle / seconds, 'ns', 200000)

    # Functions of libc

    def against_raw(self, pair, name):
        """
        What is called by libc's name against the bare system call, and that
        against the same without pinsafe.
        """
        n = 20 if name == 'fsync' else 500
        bare, other = (in_turns(side, f'raw_{name}', name, n, self.rounds(61))
                       for side in (pair.bare, pair.other))
        return {'ratio': other['ratio'] / bare['ratio'],
                'added': other['added'] - bare['added']}

    def calls(self):
        leases, regions = (100, 1000) if self.quick else (10000, 100000)
        names = 'mmap', 'ftruncate', 'fsync', 'msync'
        with Pair(self.setting, 'calls') as pair:
            for there in False, True:
                if there:
                    pair.other.ask('leases', leases)
                    pair.other.ask('regions', regions)
                for name in names:
                    m = self.against_raw(pair, name)
                    label = 'mmap and munmap' if name == 'mmap' else name
                    where = (f'{leases} leases, {regions} regions' if there
                             else 'nothing guarded')
                    self.add(f'{label}, {where}', m['ratio'], 'x', 1.02,
                             f'{m["added"]:+.0f} ns')

    def kept(self):
        points = []
        there = 0
        # What is mapped with DAX is not kept
        with Pair(self.setting, 'calls', FAKE_NO_DAX='1') as pair:
            for n in 1, 100, 1000:
                pair.tell('kept', n - there)
                there = n
                points.append((n, self.against_raw(pair, 'mmap')['ratio']))
        self.series['mmap and munmap, by shared mappings'] = points
        self.add(f'mmap and munmap, {there} shared mappings of files',
                 points[-1][1], 'x', 1.02)

    # For comparison: registration caches of others, over the same verbs

    def has_peer(self, name, package):
        if os.path.exists(f'{self.setting.build}/bench/bench-{name}'):
            return True
        print(f'not compared with {package}: it was not there when the '
              'benchmarks were built', file=sys.stderr)
        return False

    def ucx(self):
        if not self.has_peer('ucx', 'libucx-dev'):
            return
        with Pair(self.setting, 'ucx') as pair:
            for op, what in (('hit', 'UCX, a hit'),
                             ('miss', 'UCX, a miss'),
                             ('direct', 'none, ibv_reg_mr and ibv_dereg_mr')):
                m = pair.measure(op, 2000, self.rounds(21))
                self.compared(f'cache of anonymous 4 KiB: {what}', m)
            sides = [in_turns(side, 'raw_mmap', 'mmap', 500, self.rounds(61))
                     for side in (pair.bare, pair.other)]
            self.add('for comparison, hooks of the cache of UCX and pinsafe: '
                     'mmap and munmap', sides[1]['ratio'], 'x', None,
                     f'without pinsafe {sides[0]["ratio"]:.2f}')
            pair.tell('file', 4 * KIB)
            for op, what in (('hit', 'UCX, a hit'), ('miss', 'UCX, a miss'),
                             ('direct', 'none, ibv_reg_mr and ibv_dereg_mr')):
                m = pair.measure(op, 200, self.rounds(21))
                self.compared(f'cache of a guarded file, 4 KiB: {what}', m)

    def compared(self, name, m):
        self.add(f'for comparison, {name}', m['with'], 'ns', None,
                 f'without pinsafe {report.amount(m["bare"], "ns")}')

    def load(self):
        with Pair(self.setting.real(), 'load') as pair:
            m = pair.measure('spawn', 5, self.rounds(61))
            left = [sum(side.ask('left', 1))
                    for side in (pair.bare, pair.other)]
        self.add('load of the preload object: added', m['added'], 'ns', 200000)
        self.add('threads and descriptors that it adds', left[1] - left[0],
                 '', 0)

    def native(self):
        for question in (self.broken, self.broken_files, self.latency,
                         self.leases, self.lookup, self.size_of_region,
                         self.anonymous, self.mappings, self.again, self.first,
                         self.calls, self.kept, self.threads, self.load,
                         self.ucx):
            question()

    # In a guest, where only ratios mean something

    def guest(self):
        with Pair(self.setting, 'anonymous') as pair:
            for n in 0, 1:
                if n:
                    pair.tell('leases', n)
                m = pair.measure('reg', 50, 15)
                leased = 'leases held' if n else 'nothing leased'
                self.add(f'guest: anonymous 4 KiB, {leased}', m['ratio'], 'x',
                         1.1)
        for size, goal in (4 * KIB, 1.3), (MIB, 1.05), (64 * MIB, 1.01):
            with Pair(self.setting, 'guarded') as pair:
                pair.tell('size', size)
                m = pair.measure('reg', 2 if size > MIB else 20, 7)
            self.add(f'guest: guarded again, {size_name(size)}', m['ratio'],
                     'x', goal)
        memory = os.environ.get('PINSAFE_TEST_TMPFS')
        for size in (4 * KIB, 64 * MIB) if memory else ():
            with Pair(self.setting, 'guarded', BENCH_DIR=memory,
                      **GUARD_MEMORY) as pair:
                pair.tell('size', size)
                m = pair.measure('reg', 2 if size > MIB else 20, 7)
            self.add(f'guest: tmpfs with shmem=guard again, {size_name(size)}',
                     m['ratio'], 'x', None)
        with self.alone('guarded') as worker:
            worker.ask('first', MIB)
            pairs = [(worker.ask('populate', 32 * MIB, each=False)[0],
                      worker.ask('first', 32 * MIB, each=False)[0])
                     for _ in range(5)]
        self.add('guest: first registration, 32 MiB: speed of '
                 'MADV_POPULATE_WRITE',
                 MEDIAN(a / b for a, b in pairs), 'x', ('>=', 0.95))
        with Pair(self.setting, 'breaks') as pair:
            m = pair.measure('break', 1000, 3, bare_op='dereg', wall=True)
            self.add('guest: break of 1000 regions, against bare '
                     'deregistrations', m['ratio'], 'x', 1.3)
        self.fabric()

    def fabric(self):
        if not self.has_peer('fabric', 'libfabric-dev'):
            return
        with Pair(self.setting, 'fabric') as pair:
            sides = [in_turns(side, 'raw_mmap', 'mmap', 200, 15)
                     for side in (pair.bare, pair.other)]
            self.add('guest: for comparison, hooks of the cache of libfabric '
                     'and pinsafe: mmap and munmap', sides[1]['ratio'], 'x',
                     None, f'without pinsafe {sides[0]["ratio"]:.2f}')
            for file in False, True:
                if file:
                    pair.tell('file', 4 * KIB)
                memory = 'a guarded file' if file else 'anonymous'
                for op, n, what in (
                        ('hit', 200, 'libfabric, a hit'),
                        ('direct', 20, 'none, ibv_reg_mr and ibv_dereg_mr'),
                        ('miss', 20, 'libfabric, mapped, a miss, unmapped'),
                        ('direct_miss', 20, 'none, mapped, registered, gone')):
                    m = pair.measure(op, n, 7)
                    self.add('guest: for comparison, cache of '
                             f'{memory} 4 KiB: {what}', m['ratio'], 'x',
                             None, f'{report.amount(m["bare"], "ns")} '
                             'without pinsafe')
