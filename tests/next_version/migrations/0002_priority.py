from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("example", "0001_initial")]

    operations = [
        migrations.AddField("issue", "priority", models.CharField(max_length=20, default="100 % 'urgent'")),
        migrations.AlterField("issue", "priority", models.CharField(max_length=20, default="low", db_index=True)),
        migrations.RunSQL("COMMENT ON COLUMN example_issue.priority IS 'how soon, in %'"),
        migrations.AddConstraint(
            "issue", models.UniqueConstraint(fields=["title", "priority"], name="one_issue_a_title")
        ),
    ]
