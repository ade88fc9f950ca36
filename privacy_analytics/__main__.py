"""``python -m privacy_analytics`` is ``pa``."""

from privacy_analytics.cli import main

main()
