"""Term deposits: products as dated terms, contracts with certificates, their returns and what becomes of them."""
