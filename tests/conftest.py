"""How hard the properties look: `dev` by default, `ci` (the same examples each time) under CI, `deep` by option.

`pytest --hypothesis-profile=deep` looks twenty times harder.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("dev", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
