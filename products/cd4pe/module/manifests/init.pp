# @summary Runs the container of Continuous Delivery for PE with the variables given here.
#
# @param analytics Whether analytics data is collected. Set it to false on the Configuration page of
#   the node group, before the first Puppet run, and nothing is ever sent.
# @param environment The container's other variables, such as DB_ENDPOINT; ANALYTICS is none of them.
# @param env_file The file that the container takes its variables from.
# @param start How the container is started.
# @param stop How it is stopped.
# @param status How it is seen that it runs.
class cd4pe (
  Boolean $analytics = true,
  Hash[Pattern[/\A(?!ANALYTICS\z)[A-Z_]+\z/], Pattern[/\A[^\n]*\z/]] $environment = {},
  Pattern[/\A\//] $env_file = '/etc/puppetlabs/cd4pe/env',
  String[1] $start = "docker run --detach --rm --name cd4pe -v cd4pe:/disk --env-file ${env_file} -p 8080:8080 -p 8000:8000 -p 7000:7000 puppet/continuous-delivery-for-puppet-enterprise:latest",
  String[1] $stop = 'docker stop cd4pe',
  String[1] $status = 'docker inspect cd4pe',
) {
  file { $env_file:
    ensure  => file,
    mode    => '0600',
    content => epp('cd4pe/env.epp', { 'analytics' => $analytics, 'environment' => $environment }),
    # The values are secrets: no report shows what changed.
    show_diff => false,
  }

  service { 'cd4pe':
    ensure     => running,
    provider   => 'base',
    start      => $start,
    stop       => $stop,
    status     => $status,
    hasrestart => false,
    subscribe  => File[$env_file],
  }
}
