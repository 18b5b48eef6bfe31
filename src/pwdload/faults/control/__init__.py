"""The control API of the fault proxy: Toxiproxy's routes, shapes and words, so that its clients drive this one too.

fields, shapes    JSON of a request and what is read from it; proxies and toxics as JSON
managed, proxies  one proxy and all of them: enabled, moved, given toxics, reset
lease             the dead-man timer
calls, routes     HTTP
serving           the process: bind, announce, serve, stop
"""
