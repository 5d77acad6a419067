# SPDX-License-Identifier: GPL-2.0-or-later
"""A web server on loopback that serves what a test puts there: CRLs, OCSP answers, and every kind of trouble."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """`pages`: path -> octets, or a function of the handler that answers by itself. What was asked for is in `asked`."""

    def __init__(self):
        self.pages, self.asked = {}, []
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.serve(b"")

            def do_POST(self):
                self.serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def serve(self, body):
                self.body = body
                page = web.pages.get(self.path)
                if callable(page):
                    page(self)
                elif page is None:
                    self.answer(404, b"no such page")
                else:
                    self.answer(200, page)
                web.asked.append(self.path)

            def answer(self, status, content, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
