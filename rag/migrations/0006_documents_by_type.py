from django.db import migrations, models


class Migration(migrations.Migration):
    """The list of documents is filtered by their type, and stays quick."""

    dependencies = [("rag", "0005_models_of_collections")]

    operations = [
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["media_type", "-created_at"], name="document_by_media_type"),
        ),
    ]
