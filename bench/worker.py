# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""Programs that do as they are told, alone or two of them in turns."""
import os
import statistics
import subprocess

MEDIAN = statistics.median


class Setting:
    """Where programs run: over the fakes, or on what the machine has."""

    def __init__(self, build, directory, is_real=False, baseline=None):
        self.build = build
        self.directory = directory
        self.is_real = is_real
        self.baseline = baseline

    def real(self):
        """Without the fakes"""
        return Setting(self.build, self.directory, True, self.baseline)

    def environment(self, build, extra):
        env = dict(os.environ, BENCH_DIR=self.directory, PINSAFE_LOG='error')
        if self.is_real:
            env['BENCH_DEVICE'] = 'rxe0'
            env['LD_LIBRARY_PATH'] = f'{build}/libpinsafe'
        else:
            env['LD_LIBRARY_PATH'] = f'{build}/bench/fakes'
            env['FAKE_LIBIBVERBS'] = '44'
        env.update(extra)
        return env

    def bare(self, **extra):
        """Without pinsafe, or with that of the baseline."""
        if self.baseline:
            return self.with_pinsafe(self.baseline, **extra)
        if self.is_real:
            extra['BENCH_BARE'] = '1'
        return self.environment(self.build, extra)

    def with_pinsafe(self, build=None, **extra):
        build = build or self.build
        extra['LD_PRELOAD'] = f'{build}/libpinsafe/libpinsafe-preload.so'
        return self.environment(build, extra)


class Worker:
    """One program; ask() answers (wall, cpu) in ns for each of n."""

    def __init__(self, build, name, env):
        self.name = name
        self.process = subprocess.Popen(
            [f'{build}/bench/bench-{name}'], env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, op, n, each=True):
        self.process.stdin.write(f'{op} {n}\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f'bench-{self.name} ended at "{op} {n}"')
        wall, cpu, _ = map(int, line.split())
        divisor = n if each and n else 1
        return wall / divisor, cpu / divisor

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Pair:
    """The same program on both sides."""

    def __init__(self, setting, name, **extra):
        build = setting.baseline or setting.build
        self.bare = Worker(build, name, setting.bare(**extra))
        self.other = Worker(setting.build, name,
                            setting.with_pinsafe(**extra))

    def tell(self, op, n):
        self.bare.ask(op, n)
        self.other.ask(op, n)

    def measure(self, op, n, rounds, bare_op=None, wall=False):
        """Medians over rounds, in each of which both are asked."""
        first, second = [], []
        which = 0 if wall else 1
        for i in range(rounds + 1):
            sides = [(self.bare, bare_op or op, first),
                     (self.other, op, second)]
            for side, what, times in sides[::-1] if i & 1 else sides:
                times.append(side.ask(what, n)[which])
        # The first one warms up
        return summary(first[1:], second[1:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bare.__exit__()
        self.other.__exit__()


def summary(first, second):
    """Of what belongs together"""
    pairs = list(zip(first, second))
    return {'bare': MEDIAN(first), 'with': MEDIAN(second),
            'added': MEDIAN(b - a for a, b in pairs),
            'ratio': MEDIAN(b / a for a, b in pairs)}


def in_turns(worker, first, second, n, rounds):
    """The CPU time of two operations of one program"""
    times = {first: [], second: []}
    for i in range(rounds + 1):
        for op in (second, first) if i & 1 else (first, second):
            times[op].append(worker.ask(op, n)[1])
    return summary(times[first][1:], times[second][1:])
