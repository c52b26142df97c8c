"""The drill: whether what Blob has could be read again, and how much would be lost if all else were gone now.

`blocks` judges a listing, `samples` asks a Store Gateway and a Query of their own, `run` does both. It needs
the standard library alone: the job in a region runs these files with a plain Python.
"""
