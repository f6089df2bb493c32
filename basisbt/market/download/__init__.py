"""The downloader: public market data from exchanges, through ccxt, into the data layout. Nothing else imports ccxt."""
