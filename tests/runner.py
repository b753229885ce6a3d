"""Runs the tests of one module and writes their results as JUnit's XML to $XML_OUTPUT_FILE, one case for each method."""

import os
import sys
import time
import unittest
import xml.etree.ElementTree as xml

# What XML 1.0 allows of control characters.
_PRINTABLE = {number: "?" for number in range(32) if chr(number) not in "\t\n\r"}


class _Result(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.cases = []
        self._trouble = None  # of the test that runs

    def startTest(self, test):
        super().startTest(test)
        self._begun = time.monotonic()
        self._trouble = []

    def stopTest(self, test):
        self.cases.append((test, time.monotonic() - self._begun, "\n".join(self._trouble)))
        self._trouble = None
        super().stopTest(test)

    def printErrors(self):
        """Nothing: main() prints them, with their evidence."""

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note(test, f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        # A test that does not run proves nothing.
        super().addSkip(test, reason)
        self._note(test, f"skipped: {reason}")

    def _note(self, test, text):
        if self._trouble is None:  # what a class or a module needs could not be made
            self.cases.append((test, 0, text))
            return
        self._trouble.append(text)
        evidence = getattr(test, "evidence", None)
        if evidence is None or len(self._trouble) > 1:
            return
        try:
            self._trouble.append(evidence())
        except Exception as error:  # the site may not even have been made
            self._trouble.append(f"no evidence: {error!r}")


def _write_xml(path, module, cases):
    failed = sum(1 for _, _, trouble in cases if trouble)
    suite = xml.Element("testsuite", name=module, tests=str(len(cases)), failures=str(failed))
    for test, seconds, trouble in cases:
        entry = xml.SubElement(suite, "testcase", classname=f"{module}.{type(test).__name__}",
                               name=getattr(test, "_testMethodName", str(test)), time=f"{seconds:.3f}")
        if trouble:
            xml.SubElement(entry, "failure", message=trouble.splitlines()[-1][:200].translate(_PRINTABLE)).text = (
                trouble.translate(_PRINTABLE))
    root = xml.Element("testsuites")
    root.append(suite)
    xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def main(module="__main__"):
    """Called by each test file; arguments select tests by a part of their names."""
    loader = unittest.TestLoader()
    if len(sys.argv) > 1:
        loader.testNamePatterns = [f"*{part}*" for part in sys.argv[1:]]
    suite = loader.loadTestsFromModule(sys.modules[module])
    name = os.path.splitext(os.path.basename(sys.modules[module].__file__))[0]
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=_Result).run(suite)
    for test, _, trouble in result.cases:
        if trouble:
            print(f"==== {test}\n{trouble}")
    if os.environ.get("XML_OUTPUT_FILE"):
        _write_xml(os.environ["XML_OUTPUT_FILE"], name, result.cases)
    passed = result.testsRun > 0 and not any(trouble for _, _, trouble in result.cases)
    sys.exit(0 if passed else 1)
