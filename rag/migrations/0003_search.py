"""Search at 100,000 chunks: how often words occur, filters over metadata, and an index for each model and dimension."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rag', '0002_splitting_and_slots'),
    ]

    operations = [
        migrations.CreateModel(
            name='Term',
            fields=[
                ('pk', models.CompositePrimaryKey('lexical_index_id', 'term', blank=True, editable=False, primary_key=True, serialize=False)),
                ('chunk_count', models.IntegerField()),
                ('term', models.TextField(db_collation='C')),
                ('lexical_index', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='terms', to='rag.lexicalindex')),
            ],
        ),
        migrations.RunSQL(
            """
            INSERT INTO rag_term (lexical_index_id, term, chunk_count)
            SELECT lexical_index_id, term, count(*) FROM rag_posting GROUP BY lexical_index_id, term;
            ALTER TABLE rag_term SET (fillfactor = 80);
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name='document',
            index=django.contrib.postgres.indexes.GinIndex(fields=['metadata'], name='document_metadata', opclasses=['jsonb_path_ops']),
        ),
        migrations.RemoveConstraint(
            model_name='chunk',
            name='one_chunk_a_place',
        ),
        migrations.AddConstraint(
            model_name='chunk',
            constraint=models.UniqueConstraint(fields=('document', 'ordinal'), include=('id',), name='one_chunk_a_place'),
        ),
        # A document for each vector, in three steps: there may be rows already.
        migrations.AddField(
            model_name='embedding',
            name='document',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='rag.document'),
        ),
        migrations.RunSQL(
            """
            UPDATE rag_embedding SET document_id = rag_chunk.document_id FROM rag_chunk WHERE rag_chunk.id = chunk_id;
            SET CONSTRAINTS ALL IMMEDIATE;
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name='embedding',
            name='document',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='rag.document'),
        ),
        migrations.AddIndex(
            model_name='embedding',
            index=models.Index(fields=['document', 'model'], name='embedding_of_document'),
        ),
        migrations.RemoveConstraint(
            model_name='embedding',
            name='one_vector_a_chunk_and_model',
        ),
        migrations.AddConstraint(
            model_name='embedding',
            constraint=models.UniqueConstraint(fields=('chunk', 'model', 'dimension'), name='one_vector_a_chunk_and_model'),
        ),
        migrations.RunSQL(
            """
            DROP INDEX embedding_hnsw_wordllama_256;
            CREATE INDEX embedding_hnsw_wordllama_256 ON rag_embedding
                USING hnsw ((vector::halfvec(256)) halfvec_cosine_ops) WHERE model = 'wordllama-256' AND dimension = 256
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
