from django.db import migrations, models


class Migration(migrations.Migration):
    """A collection's documents, their sizes and passages are counted without reading a row."""

    dependencies = [("rag", "0007_packed_postings")]

    operations = [
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["collection", "status"], include=["size", "chunk_count"], name="document_counts"),
        ),
    ]
