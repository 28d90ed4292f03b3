"""Show the built book on this machine: ``python -m tools.serve [PORT]``."""

import http.server
import sys
from functools import partial

from tools.chapters import ROOT


def main() -> None:
    """Serve ``_build/html`` on the loopback address until interrupted."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    site = ROOT / "_build" / "html"
    if not (site / "index.html").exists():
        raise SystemExit("There is no built book yet: run `make book` first.")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise SystemExit(
            f"Port {port} cannot be used ({error.strerror}). Try `make serve PORT={port + 1}`."
        ) from None
    with server:
        print(f"The book is at http://127.0.0.1:{port}/ (Ctrl-C stops it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
