"""HTTPS before the stand-in, as a staging system has it: by nginx, with kept connections and a private authority.

nginx is not a part of pwdload. Where it is not on this machine the stand-in ends TLS itself.
"""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pwdload.standin.certificates import CertificateFiles
from pwdload.standin.failure import StandinError
from pwdload.standin.serve import bind

_ALSO_IN = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin")
"""Where packages put nginx; the first is not on everybody's PATH."""
_LOOPBACK = "127.0.0.1"
_READY_WITHIN_S = 10.0
_STOP_WITHIN_S = 5.0
_GUARDED = 'exec 3<&0; "$@" </dev/null & child=$!; read _ <&3; kill $child 2>/dev/null; wait $child'
"""A shell that ends nginx when the pipe to us breaks: then it is gone whatever becomes of us, `kill -9` included."""
_CONFIGURATION = """\
# Written by pwdload standin --tls at each start.
daemon off;
worker_processes 1;
pid "{folder}/nginx.pid";
error_log "{folder}/nginx-error.log" warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path "{folder}/nginx-temp/body";
    proxy_temp_path "{folder}/nginx-temp/proxy";
    fastcgi_temp_path "{folder}/nginx-temp/fastcgi";
    uwsgi_temp_path "{folder}/nginx-temp/uwsgi";
    scgi_temp_path "{folder}/nginx-temp/scgi";
    keepalive_timeout 75s;
    upstream standin {{
        server 127.0.0.1:{upstream};
        keepalive 256;
        keepalive_timeout {upstream_keep_alive_s}s;  # shorter than the stand-in keeps one: none is used that it closes
    }}
    server {{
        {listen}
        ssl_certificate "{files.server}";
        ssl_certificate_key "{files.server}";
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:4m;
        {client}
        location / {{
            proxy_pass http://standin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_next_upstream off;  # a change is never sent twice
        }}
    }}
}}
"""
_ASKS_FOR_ONE = 'ssl_verify_client on;\n        ssl_client_certificate "{files.ca}";'


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What stands before the stand-in: an address of this machine, certificates, and who ends TLS there."""

    folder: Path
    """Holds certificates, and the configuration and the errors of nginx; an absolute path."""
    files: CertificateFiles
    program: str | None
    """nginx; null: the stand-in itself."""
    host: str
    port: int
    asks_clients: bool
    """Whether clients must show a certificate."""

    @classmethod
    def make(cls, folder: Path, host: str, port: int, *, asks_clients: bool) -> "Front":
        """Make the certificates, and see that the port is free; port 0 picks a free one.

        Raises:
            StandinError: a file cannot be written, or the address cannot be had.
        """
        with closing(bind(host, port)) as free:
            port = free.getsockname()[1]
        files = CertificateFiles.write(folder, host)
        folder = folder.resolve()
        files = files.resolved()
        return cls(folder=folder, files=files, program=nginx(), host=host, port=port, asks_clients=asks_clients)

    @property
    def url(self) -> str:
        """Base URL, by a name that the certificate proves."""
        host = "localhost" if self.host == _LOOPBACK else f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"

    def described(self) -> dict[str, object]:
        """Return what a client has to know, by the names of the announcement."""
        here = {"url": self.url, "host": self.host, "port": self.port, "ca_file": str(self.files.ca)}
        shown = {"client_certificate": str(self.files.client)} if self.asks_clients else {}
        return {**here, **shown, "tls_by": "nginx" if self.program else "stand-in"}

    def context(self) -> ssl.SSLContext:
        """Return the context of a stand-in that ends TLS itself."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.files.server)
        if self.asks_clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.files.ca)
        return context

    @contextmanager
    def running(self, upstream: int, keep_alive_s: int) -> Iterator[None]:
        """Run nginx before a stand-in that listens on this port of loopback.

        Args:
            upstream: the stand-in's port.
            keep_alive_s: how long it keeps an idle connection.

        Raises:
            StandinError: nginx does not start; the line has its own words.
        """
        command = [str(self.program), "-e", str(self._errors), "-p", str(self.folder)]
        command += ["-c", str(self._configured(upstream, keep_alive_s))]
        process = subprocess.Popen(  # noqa: S603 - no word of it is a shell's
            ["/bin/sh", "-c", _GUARDED, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us: we end it
        )
        try:
            self._await_port()
            yield
        finally:
            _end(process)

    @property
    def _errors(self) -> Path:
        return self.folder / "nginx-error.log"

    def _configured(self, upstream: int, keep_alive_s: int) -> Path:
        path = self.folder / "nginx.conf"
        text = _CONFIGURATION.format(
            folder=self.folder,
            files=self.files,
            upstream=upstream,
            upstream_keep_alive_s=max(keep_alive_s - 5, 1),
            listen="\n        ".join(f"listen {address} ssl backlog=2048;" for address in self._addresses()),
            client=_ASKS_FOR_ONE.format(files=self.files) if self.asks_clients else "",
        )
        try:
            (self.folder / "nginx-temp").mkdir(exist_ok=True)
            self._errors.write_text("")
            path.write_text(text)
        except OSError as error:
            raise StandinError(f"--tls {self.folder}: {error.strerror}; name another folder") from None
        return path

    def _addresses(self) -> Iterator[str]:
        """Yield where nginx listens: localhost is two addresses where the machine has IPv6."""
        yield f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        if self.host == _LOOPBACK:
            with suppress(OSError), closing(socket.create_server(("::1", self.port), family=socket.AF_INET6)):
                yield f"[::1]:{self.port}"

    def _await_port(self) -> None:
        until_s = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < until_s:
            with suppress(OSError), closing(socket.create_connection((self.host, self.port), 1.0)):
                return
            time.sleep(0.02)
        lines = _read(self._errors).splitlines() or ["it said nothing"]
        raise StandinError(f"nginx does not start: {lines[-1][:200]}; mend that, or take another --port")


def nginx() -> str | None:
    """Return the program, or null where this machine has none."""
    path = os.environ.get("PATH", "")
    return shutil.which("nginx", path=os.pathsep.join((path, *_ALSO_IN)))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):
        assert process.stdin is not None  # noqa: S101 - narrows the type
        process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_WITHIN_S)
