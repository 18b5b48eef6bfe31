"""What numbers can and cannot say: order statistics, intervals, fits. Pure functions of arrays, without pandas.

What knows nothing of a run belongs here; what cuts a run into populations belongs to `pwdload.analysis`.
"""
