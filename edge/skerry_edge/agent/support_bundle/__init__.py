"""What a bug report needs of a device in one file, with every secret taken out."""
