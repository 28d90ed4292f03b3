"""What maintainers run; nothing in the course imports it."""

import sys

# jsonschema spends seconds on the grammars of this package, for addresses that no notebook
# holds. It goes without if the package cannot be imported.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
