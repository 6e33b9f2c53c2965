"""The views of the assistant: the panel with its pages, and the steps of a request."""
