"""The directory of banks (Справочник БИК, ED807) of the Bank of Russia: its file, its tables, questions."""
