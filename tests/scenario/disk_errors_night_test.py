"""All of disk_errors_test's points."""

from tests.runner import main
from tests.scenario import disk_errors_test


class AllDiskErrors(disk_errors_test.DiskErrors):
    every = 1


if __name__ == "__main__":
    main()
