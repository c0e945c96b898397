"""See ``koperasi.nik``."""

from koperasi.nik import *  # noqa: F403
