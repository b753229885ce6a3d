"""A Python module as a test. Bazel's own py_test looks for a `python` that Debian does not have."""

def python_test(name, data = [], module = None, **kwargs):
    """Runs `module`.py, or `name`.py, by its own runner, with the top folder as the place that imports start from."""
    file = (module or name) + ".py"
    module = "%s/%s" % (native.package_name(), module or name)
    native.sh_test(
        name = name,
        srcs = ["//tests:run_python"],
        args = [module.replace("/", ".")],
        data = [
            file,
            "//tests:runner",
        ] + data,
        **kwargs
    )
