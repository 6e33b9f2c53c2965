"""The demo data: three partner tenants that show every feature, and as many more rows as asked for.

`load.load` is the only entrance. Each module holds one noun; the numbers and names are invented samples.
"""
