"""`python -m sevenfold`."""

import sys

from sevenfold.cli import main

sys.exit(main())
