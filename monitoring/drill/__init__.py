"""The drill: whether what Blob has could be read again, and how much would be lost if all else were gone now.

`blocks` judges a listing, `samples` asks a Store Gateway and a Query of their own, `run` does both. Everything here
but `command.py`'s callers is the standard library's: the job in a region runs these files with a plain Python.
"""
