"""What keeps Dealpost from starting, in one line for the person who started it."""


class StartError(Exception):
    pass
