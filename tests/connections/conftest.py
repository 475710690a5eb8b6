"""Makes what these tests share importable, the raw peers of the network's tests included: tests are no package."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "machinery" / "net")]
