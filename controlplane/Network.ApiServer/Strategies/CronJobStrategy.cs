using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Cron jobs.</summary>
internal sealed class CronJobStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        spec.Default("concurrencyPolicy", "Allow");
        spec.Default("suspend", false);
        spec.Default("successfulJobsHistoryLimit", 3);
        spec.Default("failedJobsHistoryLimit", 1);
        PodTemplates.Default(spec, "jobTemplate", "spec", "template");
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var schedule = value.Text("spec", "schedule");
        if (schedule.Length > 0 && !schedule.StartsWith('@') && schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length != 5)
            faults.Add(FieldFault.Invalid("spec.schedule", schedule, $"expected exactly 5 fields, found {schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length}: [{schedule}]"));
        PodSpecRules.OneOf(value.Text("spec", "concurrencyPolicy"), "spec.concurrencyPolicy", faults, "Allow", "Forbid", "Replace");
        PodSpecRules.Check(value.At("spec", "jobTemplate", "spec", "template", "spec"), "spec.jobTemplate.spec.template.spec", faults);
    }
}
