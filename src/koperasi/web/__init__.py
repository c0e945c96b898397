"""Shared page tools: the frame around every page, forms that keep what was typed, the stylesheet. No domain in here."""

from koperasi.web.forms import Form
from koperasi.web.render import Links, NavItem, Notice, Pages, private_page

__all__ = ["Form", "Links", "NavItem", "Notice", "Pages", "private_page"]
