"""Market data: files on disk become one aligned panel. Imports core and errors only; knows neither config nor engine."""
