"""What is scraped, by which job, and what of other regions."""
