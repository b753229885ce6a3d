"""A page read strictly: every element is closed in its turn, nothing comes from elsewhere, nothing runs."""

import html.parser

_VOID = {"meta", "br", "link", "img", "hr", "input"}
_OUTSIDE = {"script", "link", "img", "iframe", "object", "embed", "audio", "video", "source", "base", "form"}


class Checked(html.parser.HTMLParser):
    """`faults`: what is wrong with the page, as lines; `text`: its words; `ids`, `tags`: what it has."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.faults, self.ids, self.tags, self._open, self._words, self._refers = [], [], [], [], [], []
        if not page.startswith("<!DOCTYPE html>"):
            self.faults.append("no doctype")
        self.feed(page)
        self.close()
        self.faults += [f"never closed: {tag}" for tag in self._open]
        self.faults += [f"id twice: {one}" for one in set(self.ids) if self.ids.count(one) > 1]
        self.faults += [f"refers to nothing: {one}" for one in self._refers if one not in self.ids]
        self.text = " ".join(self._words)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in _OUTSIDE:
            self.faults.append(f"line {self.getpos()[0]}: <{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "href", "xlink:href", "srcset", "action"):
                self.faults.append(f"line {self.getpos()[0]}: {tag} has {name}={value}")
            if value is None:
                self.faults.append(f"line {self.getpos()[0]}: {tag} has {name} without a value")
            if name == "id":
                self.ids.append(value)
            if name == "aria-labelledby":
                self._refers += value.split()
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"line {self.getpos()[0]}: </{tag}> inside of {self._open[-1:]}")
        else:
            self._open.pop()

    def handle_data(self, data):
        if not self._open or self._open[-1] != "style":
            self._words.append(data.strip())
