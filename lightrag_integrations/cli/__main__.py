"""`python -m lightrag_integrations.cli`, where the script `lightrag` is not on the path."""

import sys

from lightrag_integrations.cli import main

sys.exit(main())
