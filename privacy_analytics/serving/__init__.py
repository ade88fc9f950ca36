"""A curator behind a Unix socket, for sessions of other OS users: the enforced mode.

Three generations of processes. The *server* accepts. A *handler* a connection reads calls and writes answers. Its
*worker* alone touches data, within the operator's limits of time and memory; when it dies, the handler says one fixed
sentence and starts another for the next call. Server and handlers import nothing that starts threads, so that a fork
copies nothing half done.
"""
