"""The error of the whole package that is meant for people."""


class RclicksError(Exception):
    """A mistake that the user can mend.

    Its text is one line that says what was wrong, where (file, row, field), and what to do. The
    ``rclicks`` command prints that line alone and exits with a code other than 0.

    Example:
        >>> raise RclicksError("masks/a.png: no such file; put the mask of a.jpg there")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: masks/a.png: no such file; put the mask of a.jpg there
    """
