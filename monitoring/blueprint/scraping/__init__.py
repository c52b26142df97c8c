"""Scraping: scrape jobs, limits, monitors and federation."""
