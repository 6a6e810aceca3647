"""Very many documents at once: a list of those to be taken in anew, and collections that are away before their rows."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rag', '0008_documents_counted_by_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reprocessing',
            fields=[
                ('document', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='reprocessing', serialize=False, to='rag.document')),
                ('asked_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'reprocessings',
            },
        ),
        migrations.AddField(
            model_name='collection',
            name='deleted_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
