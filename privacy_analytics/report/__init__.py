"""From a notebook to a page that may leave: run, render, gate, publish. Nothing here can reach a row."""
