"""Finds planted texts in a folder, and opens what it searches: `privacy_analytics.witness` as a command.

    python tests/leak/find.py FOLDER < canaries.txt

Canaries come one a line from standard input, never from the command line. For each hit it prints the number of the
line, the file, and where inside; a canary itself is never printed. Exit 0: nothing found; 1: found, or something
could not be read; 2: used wrongly. Letter case and the amount of white space make no difference.
PDF is not opened but reported, like everything else that cannot be read.
"""

import re
import sys
from pathlib import Path

from privacy_analytics.witness import UNREADABLE, find


def main() -> int:
    """The command: see the top of this file."""
    lines = {number: line for number, line in enumerate(sys.stdin.read().splitlines(), 1) if line.strip()}
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir() or not lines:
        print("usage: find.py FOLDER < canaries.txt   (one a line, at least one)", file=sys.stderr)
        return 2
    # names of files, columns and members may hold a canary themselves
    canary = re.compile(
        "|".join(re.escape(line.strip()) for line in sorted(lines.values(), key=len, reverse=True)), re.IGNORECASE
    )
    hits = find(Path(sys.argv[1]), list(lines.values()))
    for hit in hits:
        label = "unreadable" if hit.needle == UNREADABLE else f"canary {list(lines)[hit.needle]}"
        place = hit.where.removeprefix("unreadable: ")
        print(f"{label}\t{canary.sub('[canary]', hit.path)}\t{canary.sub('[canary]', place)}")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
