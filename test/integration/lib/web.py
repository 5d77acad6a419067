# SPDX-License-Identifier: GPL-2.0-or-later
"""A web server on loopback that serves what a test puts there: CRLs, OCSP answers, and every kind of trouble."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # so that no connection has to be tried twice


class Web:
    """`pages`: path -> octets, or a function of the handler that answers by itself. What was asked for is in `asked`,
    what was posted in `posted`. With an identity it speaks TLS."""

    def __init__(self, identity=None, address="127.0.0.1", port=0):
        self.pages, self.asked, self.posted = {}, [], []
        self.is_closing = threading.Event()
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.serve(b"")

            def do_POST(self):
                self.serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def serve(self, body):
                self.web, self.body, self.close_connection = web, body, True
                page = web.pages.get(self.path)
                web.asked.append(self.path)
                if body:
                    web.posted.append((self.headers.get("Content-Type"), body))
                try:
                    if callable(page):
                        page(self)
                    elif page is None:
                        self.answer(404, b"no such page")
                    else:
                        self.answer(200, page)
                except OSError:
                    pass  # whoever asked has gone

            def answer(self, status, content, **headers):
                self.begin(status, **{"Content_Length": str(len(content)), **headers})
                self.wfile.write(content)

            def begin(self, status, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Connection", "close")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = Server((address, port), Handler)
        self.scheme = "http"
        if identity is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(identity.chain_file, identity.key_file)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.server.handle_error = lambda *arguments: None
            self.scheme = "https"
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def close(self):
        self.is_closing.set()
        self.server.shutdown()
        self.server.server_close()


# ---- kinds of trouble: pages ----

def refuses(status):
    return lambda handler: handler.answer(status, b"trouble")


def redirects(to, status=302):
    """`to` None: without saying where."""
    return lambda handler: handler.answer(status, b"", **({"Location": to} if to else {}))


def hangs(handler):
    """Takes the request and never answers."""
    handler.web.is_closing.wait(60)


def drips(handler):
    """An octet now and then: never silent for long, and never done."""
    handler.begin(200, Content_Length="1000")
    while not handler.web.is_closing.wait(0.1):
        handler.wfile.write(b"0")


def stops_short(content):
    def page(handler):
        handler.begin(200, Content_Length=str(len(content) + 1000))
        handler.wfile.write(content)
    return page


def never_ends(handler):
    """In chunks, so that no length is told beforehand."""
    handler.begin(200, Transfer_Encoding="chunked")
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    while not handler.web.is_closing.is_set():
        handler.wfile.write(chunk)


def no_http(handler):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
