#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""Measure what pinsafe costs, against the same without it in the same run."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

import report
from figures import Figures
from worker import Setting

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARK = 'BENCH-JSON '


def parse():
    parser = argparse.ArgumentParser(
        prog='scripts/bench', description=__doc__,
        epilog='Times are CPU time of the process, keeper included, so that a '
        'machine that is shared does no great harm; latencies are wall time.  '
        'Documentation/performance.md says what each figure means.')
    parser.add_argument('--quick', action='store_true',
                        help='fewer and smaller, under 20 s')
    parser.add_argument('--json', metavar='F', help='write the figures')
    parser.add_argument('--compare', metavar='F',
                        help='with those of an earlier run')
    parser.add_argument('--plots', metavar='DIR', help='draw them, PNG and SVG')
    parser.add_argument('--only', metavar='A,B',
                        help='only these questions of bench/figures.py')
    parser.add_argument('--baseline', metavar='BUILD',
                        help='another build directory in place of no pinsafe')
    parser.add_argument('--guest', metavar='KERNEL', nargs='?', const='module',
                        help='also ratios in a guest (root, a few minutes)')
    parser.add_argument('--build', help=argparse.SUPPRESS)
    parser.add_argument('--inside', action='store_true',
                        help=argparse.SUPPRESS)
    return parser.parse_args()


def ask_guest(args, add):
    command = [f'{TREE}/tests/vm/guest', 'once', args.guest, '--timeout',
               '900', '--', sys.executable, f'{TREE}/bench/run.py',
               '--inside', '--build', args.build]
    output = subprocess.run(
        command, stdout=subprocess.PIPE, text=True,
        env=dict(os.environ, PINSAFE_BUILD_DIR=args.build)).stdout
    for text in output.splitlines():
        if MARK in text:
            for row in json.loads(text.split(MARK)[1]):
                add(**row)
            return
    sys.exit('bench: the guest did not answer:\n' + output[-2000:])


def measure(args, setting, add, series):
    figures = Figures(setting, args.quick, add, series)
    names = (args.only or ('guest' if args.inside else 'native')).split(',')
    for name in names:
        getattr(figures, name)()
    if args.guest:
        ask_guest(args, add)


def main():
    args = parse()
    args.build = os.path.abspath(args.build)
    directory = (os.environ.get('PINSAFE_TEST_EXT4') if args.inside else
                 f'{args.build}/bench/data-{os.getpid()}')
    os.makedirs(directory, exist_ok=True)
    setting = Setting(args.build, directory, args.inside, args.baseline)
    before = {}
    if args.compare:
        with open(args.compare) as file:
            before = {row['name']: row for row in json.load(file)['rows']}
    rows, series, start = [], {}, time.time()

    def add(name, value, unit, goal, note=''):
        row = {'name': name, 'value': value, 'unit': unit, 'goal': goal,
               'note': note}
        rows.append(row)
        print(report.line(row, before.get(name)), flush=True)

    try:
        measure(args, setting, add, series)
    finally:
        if not args.inside:
            shutil.rmtree(directory, ignore_errors=True)
    if args.inside:
        print(MARK + json.dumps(rows), flush=True)
        return
    reached = [report.is_reached(row) for row in rows]
    print(f'{reached.count(True)} reached, {reached.count(False)} not, '
          f'{time.time() - start:.0f} s; load {os.getloadavg()[0]:.1f} on '
          f'{os.cpu_count()} CPUs, Linux {os.uname().release}')
    if False in reached:
        print('Documentation/performance.md says why each of them is not')
    if args.json:
        with open(args.json, 'w') as file:
            json.dump({'rows': rows, 'series': series}, file, indent=1)
            file.write('\n')
    if args.plots:
        report.plot(args.plots, series)


if __name__ == '__main__':
    main()
