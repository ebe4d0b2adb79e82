"""The errors a user of the Python tools can meet; their text is the message, without a traceback."""


class DeepionError(Exception):
    """Base of every error whose text alone tells the user what is wrong and what to do."""


class ExportError(DeepionError):
    """A DeePMD-kit model that cannot be read or cannot be exported."""


class ModelFileError(DeepionError):
    """An ONNX file that is not a valid deepion model."""


class InputError(DeepionError):
    """A structure, parameter or command-line value that does not fit the model."""
