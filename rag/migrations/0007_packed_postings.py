"""A word's postings packed into few rows, a tenth of the room: the new tables, what is there moved, the old tables gone."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# As rag.search.lexical and rag.ingest.postings had it when this was written: a posting is a number of chunk, frequency
# and length; runs of 96 are rows of their own, and what is left stays with the word.
_MOVE = """
CREATE TEMPORARY TABLE packed_run ON COMMIT DROP AS
SELECT lexical_index_id, term, array_agg(packed ORDER BY packed) AS postings
FROM (
    SELECT posting.lexical_index_id, posting.term,
           (posting.chunk_id << 24) | (least(posting.frequency, 255)::bigint << 16) | least(chunk.lexeme_count, 65535)
               AS packed,
           (row_number() OVER (PARTITION BY posting.lexical_index_id, posting.term ORDER BY posting.chunk_id) - 1) / 96
               AS run
    FROM rag_posting AS posting JOIN rag_chunk AS chunk ON chunk.id = posting.chunk_id
) AS numbered
GROUP BY lexical_index_id, term, run;

INSERT INTO rag_word (lexical_index_id, lexeme, chunk_count, latest)
SELECT lexical_index_id, term, sum(cardinality(postings)),
       coalesce(max(postings) FILTER (WHERE cardinality(postings) < 96), '{}')
FROM packed_run GROUP BY lexical_index_id, term;

INSERT INTO rag_postings (word_id, first_chunk, postings)
SELECT word.id, run.postings[1] >> 24, run.postings
FROM packed_run AS run
JOIN rag_word AS word ON word.lexical_index_id = run.lexical_index_id AND word.lexeme = run.term
WHERE cardinality(run.postings) = 96;

INSERT INTO rag_documentwords (document_id, word_ids)
SELECT chunk.document_id, array_agg(DISTINCT word.id)
FROM rag_posting AS posting
JOIN rag_chunk AS chunk ON chunk.id = posting.chunk_id
JOIN rag_word AS word ON word.lexical_index_id = posting.lexical_index_id AND word.lexeme = posting.term
GROUP BY chunk.document_id;

DROP TABLE packed_run;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('rag', '0006_documents_by_type'),
    ]

    operations = [
        migrations.CreateModel(
            name='Word',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('chunk_count', models.IntegerField()),
                ('lexeme', models.TextField(db_collation='C')),
                ('latest', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('lexical_index', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='words', to='rag.lexicalindex')),
            ],
        ),
        migrations.AddConstraint(
            model_name='word',
            constraint=models.UniqueConstraint(fields=('lexical_index', 'lexeme'), name='one_word_an_index'),
        ),
        migrations.CreateModel(
            name='Postings',
            fields=[
                ('pk', models.CompositePrimaryKey('word_id', 'first_chunk', blank=True, editable=False, primary_key=True, serialize=False)),
                ('first_chunk', models.BigIntegerField()),
                ('postings', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('word', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='rag.word')),
            ],
            options={
                'verbose_name_plural': 'postings',
            },
        ),
        migrations.CreateModel(
            name='DocumentWords',
            fields=[
                ('document', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='rag.document')),
                ('word_ids', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={
                'verbose_name_plural': 'words of documents',
            },
        ),
        # Room in a page for the next version of its rows: a word's row is written anew with each document that has it.
        migrations.RunSQL(
            "ALTER TABLE rag_word SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.1)",
            reverse_sql=migrations.RunSQL.noop,
        ),
        migrations.RunSQL(_MOVE, reverse_sql=migrations.RunSQL.noop),
        migrations.DeleteModel(
            name='Posting',
        ),
        migrations.DeleteModel(
            name='Term',
        ),
        migrations.RemoveField(
            model_name='lexicalindex',
            name='weighted_length',
        ),
    ]
