"""`pilotage`, as a process that takes itself to be on another host: `python -m tests.crash.elsewhere HOST ...`.

To the others it can only be silent: that its process is gone from this host is not for them to see.
"""

import sys

from pilotage.__main__ import main
from pilotage.machinery.engine import lives

if __name__ == "__main__":
    host = sys.argv[1]
    lives.this_host = lambda: host  # the only place that asks
    sys.exit(main(sys.argv[2:]))
