"""Settings, read once from the environment (``KOPERASI_*`` and ``DATABASE_URL``)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the service keeps its data and how it answers; every value has a default that suits one village laptop."""

    model_config = SettingsConfigDict(env_prefix="KOPERASI_", frozen=True, extra="ignore")

    data_dir: Path = Path("var")
    """Holds the embedded database, its log and the demo's credentials."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    workers: int = Field(default=1, ge=1, le=32)
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """The application role's address, ``postgresql+asyncpg://…``; empty means the embedded server."""
    owner_database_url: str | None = Field(default=None, validation_alias="OWNER_DATABASE_URL")
    """The owner role's address, used by ``koperasi migrate`` only; empty means the embedded server."""
    keys: Path | None = None
    """The file with the keys of personal data, if it is not in the data directory: a mounted secret, another disk."""
    secure_cookies: bool = False
    """True behind TLS: cookies are then sent over HTTPS only and carry the ``__Host-`` prefix."""
    trusted_proxy: str | None = None
    """Address of the reverse proxy whose ``X-Forwarded-For`` is believed; nobody's otherwise."""
    pool_size: int = Field(default=10, ge=2, le=100)
    """Database connections for each worker process."""
    batch_limit: int = Field(default=512, ge=1, le=5000)
    """Most entries that one group commit holds."""
    queue_limit: int = Field(default=5000, ge=1)
    """Most postings that may wait for a commit; past it callers get 503 with Retry-After."""
    max_body_bytes: int = Field(default=1024 * 1024, ge=64 * 1024)
    """Most bytes of a form or a JSON document; many entries at once and files have limits of their own."""
    max_upload_bytes: int = 20 * 1024 * 1024
    """Most bytes of a file."""

    @property
    def keys_file(self) -> Path:
        """Where the keys of personal data are (see ``koperasi.privacy``)."""
        return self.keys or self.data_dir / "keys" / "personal-data.json"
