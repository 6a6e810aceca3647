"""What is done for sites and their visitors."""
