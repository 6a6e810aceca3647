
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assistants', '0008_lists_by_index'),
        ('tenants', '0015_audit_words'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='configuredassistant',
            name='grounded',
            field=models.BooleanField(blank=True, help_text='Null: as its developer has it.', null=True),
        ),
        migrations.AddField(
            model_name='configuredassistant',
            name='unsupported_answer',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='run',
            name='grounding',
            field=models.CharField(blank=True, choices=[('cited', 'Cites passages'), ('tool', "Rests on a tool's answer"), ('no_passages', 'Nothing was found'), ('no_citation', 'The model cited nothing')], help_text='Empty: the assistant does not ask for it.', max_length=20),
        ),
        migrations.AddField(
            model_name='run',
            name='removed_markers',
            field=models.PositiveSmallIntegerField(default=0, help_text='Citations of passages that there were not, taken out of the answer.'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('removed_markers__gt', 0)), fields=['created_at'], name='wrongly_citing_run_by_time'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('grounding__in', ['no_passages', 'no_citation'])), fields=['created_at'], name='unsupported_run_by_time'),
        ),
    ]
