"""The package's exception for mistakes that a user can fix."""


class RclicksError(Exception):
    """A mistake that the user can fix.

    Its text is one line: where (file, row, field), what is wrong, and what to do. The ``rclicks``
    command prints only that line and exits with a code other than 0.

    Example:
        >>> raise RclicksError("masks/a.png: no such file; put the mask of a.jpg there")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: masks/a.png: no such file; put the mask of a.jpg there
    """
