"""Engines behind HTTP. The only package that imports httpx; it moves bytes, a dialect reads them.

TLS is verified, redirects are not followed, and the key goes into one header and nowhere else.
"""

import sys

# Where click is installed, httpx imports its own command line, and rich with it: 50 ms before the first byte is sent.
# It does without what cannot be imported.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
