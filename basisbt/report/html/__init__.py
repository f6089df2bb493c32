"""Reports as one HTML file: opens from disk, asks nobody, draws with the plotly that is inside."""
