"""Import this before anything that imports cdktf or jsii: synthesis starts many times faster, with the same output.

`fast.py` says how; with OVERSIGHT_ORDINARY_BINDINGS set, the bindings load in the ordinary way.
"""

from monitoring.bindings.fast import install

install()
