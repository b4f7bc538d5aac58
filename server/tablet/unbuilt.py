"""The page of a server on which the tablet app was not built: what is so, and what to do.

It runs no script and needs no style of its own, so that the content policy holds for it too.
"""

from __future__ import annotations

__all__ = ["UNBUILT"]

UNBUILT = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>院坝 Yuanba</title>
<h1>这台服务器上还没有平板应用</h1>
<p>服务器本身在运行，后台可以照常使用。平板上已经装好的应用不受影响，继续工作。</p>
<p>管理员：在代码目录运行 <code>python3 scripts/dev.py setup</code>，再刷新本页。</p>
<div lang="en">
<h1>The tablet app has not been built on this server</h1>
<p>The server itself runs, and so does the console. Tablets that have the app go on working.</p>
<p>For the administrator: run <code>python3 scripts/dev.py setup</code> in the checkout,
then load this page again.</p>
</div>
<p><a href="/">后台 · Console</a></p>
</html>
"""
