using System.Diagnostics;
using System.Globalization;

namespace WorktreeIsolator.Benchmarks;

/// <summary>
/// Compares two ways to do one job on a noisy machine: each pair runs both, one right after the other, in alternating order, and only the
/// ratio within a pair counts.
/// </summary>
internal static class Pairwise
{
    /// <summary>Measures, and prints one line.</summary>
    /// <param name="name">The case.</param>
    /// <param name="pairs">How many pairs; one more is run first and thrown away.</param>
    /// <param name="reference">The job done the plain way.</param>
    /// <param name="subject">The same job done by wt-run.</param>
    public static void Measure(string name, int pairs, Action reference, Action subject)
    {
        var references = new List<double>();
        var subjects = new List<double>();
        var ratios = new List<double>();
        for (var pair = 0; pair <= pairs; pair++)
        {
            var (plain, ours) = pair % 2 == 0 ? (Time(reference), Time(subject)) : Swapped(Time(subject), Time(reference));
            if (pair > 0)
            {
                references.Add(plain);
                subjects.Add(ours);
                ratios.Add(ours / plain);
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-28}{Quantile(references, 0.5),12:0}{Quantile(subjects, 0.5),12:0}{Quantile(ratios, 0.5),10:0.00}{$"{Quantile(ratios, 0.25):0.00}–{Quantile(ratios, 0.75):0.00}",16}"));
    }

    private static (double First, double Second) Swapped(double first, double second) => (second, first);

    private static double Time(Action action)
    {
        var clock = Stopwatch.StartNew();
        action();
        return clock.Elapsed.TotalMilliseconds;
    }

    /// <summary>A quantile of some values: 0.5 for the median.</summary>
    public static double Quantile(IEnumerable<double> values, double quantile)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)Math.Round((sorted.Count - 1) * quantile)];
    }
}
