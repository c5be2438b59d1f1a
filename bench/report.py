# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""Tables for people, and plots by gnuplot(1)."""
import os
import shutil
import subprocess

UNITS = ((1e9, 's'), (1e6, 'ms'), (1e3, 'us'))


def amount(value, unit):
    if unit == 'ns':
        for size, name in UNITS:
            if abs(value) >= size:
                return f'{value / size:.2f} {name}'
        return f'{value:.0f} ns'
    if unit in ('x', 'exponent'):
        return f'{value:.2f}' + (' x' if unit == 'x' else '')
    return f'{value:.0f} {unit}'.strip()


def limit_of(goal):
    return goal if isinstance(goal, (tuple, list)) else ('<=', goal)


def is_reached(row):
    if row['goal'] is None:
        return None
    sign, limit = limit_of(row['goal'])
    value = row['value']
    return value >= limit if sign == '>=' else value <= limit


def goal_text(row):
    if row['goal'] is None:
        return ''
    sign, limit = limit_of(row['goal'])
    return f'{sign} {amount(limit, row["unit"])}'


def verdict(row):
    return {None: '', True: 'reached', False: 'NOT reached'}[is_reached(row)]


def line(row, before=None):
    text = (f'{row["name"]:<72} {amount(row["value"], row["unit"]):>10}  '
            f'{goal_text(row):<12} {verdict(row):<11} {row["note"]}')
    if before:
        text += f' was {amount(before["value"], row["unit"])}'
        if before['value']:
            text += f', {row["value"] / before["value"]:.2f} of it'
    return text.rstrip()


# File name, title, axes, whether logarithmic, and which series
PLOTS = (
    ('regions', 'A break, by the memory regions it revokes',
     'memory regions', 'CPU time, ms', 'xy', 1e-6, 'break of '),
    ('leases', 'To take a lease and give it back, by other leased files',
     'other leased files', 'CPU time, us', '', 1e-3, 'take and release'),
    ('mappings', 'What registration of anonymous memory adds on Linux 6.1',
     'mappings of the process', 'us', 'x', 1e-3, 'mappings, '),
    ('munmap', 'mmap and munmap, by shared mappings of files',
     'mappings', 'against the system calls alone', '', 1, 'mmap and munmap, '),
    ('latency', 'From truncate(2) to the lease released, 10 memory regions',
     'us', 'share of breaks', 'x', 1, 'latency of '),
)


def plot(directory, series):
    if not shutil.which('gnuplot'):
        raise SystemExit('bench: plots need gnuplot (Debian: gnuplot-nox)')
    os.makedirs(directory, exist_ok=True)
    for name, title, x, y, logarithmic, scale, prefix in PLOTS:
        chosen = {k: v for k, v in series.items() if k.startswith(prefix)}
        if not chosen:
            continue
        is_latency = name == 'latency'
        script = [f'set title "{title}"', f'set xlabel "{x}"',
                  f'set ylabel "{y}"', 'set grid', 'set key left top']
        if logarithmic:
            script.append(f'set logscale {logarithmic}')
        for i, points in enumerate(chosen.values()):
            script.append(f'$d{i} << E')
            script += [f'{a * (1e-3 if is_latency else 1)} '
                       f'{b * (1 if is_latency else scale)}'
                       for a, b in points]
            script.append('E')
        style = 'with lines' if is_latency else 'with linespoints'
        curves = ', '.join(f'$d{i} title "{key}" {style}'
                           for i, key in enumerate(chosen))
        for terminal, ending in (('pngcairo size 900,540', 'png'),
                                 ('svg size 900,540', 'svg')):
            script += [f'set terminal {terminal}',
                       f'set output "{directory}/{name}.{ending}"',
                       f'plot {curves}', 'unset output']
        subprocess.run(['gnuplot'], input='\n'.join(script) + '\n',
                       text=True, check=True)
